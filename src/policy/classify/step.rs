//! How far a version rises: upwards only, by a patch or a minor step (sem 2.2.5, 2.4).

use crate::policy::model::SemverStep;

use super::allow::clip;

/// `Ok`: how far it rises, as a noun; `Err`: why it is no such step. Versions are `1.2.3` or `v1.2.3` and nothing more,
/// so no pre-release, build or date. Before 1.0 a minor step may break, so it is none.
pub(super) fn rise(step: SemverStep, old: &str, new: &str) -> Result<&'static str, String> {
    let none = |text: &str| format!("`{}` is no version of the form 1.2.3", clip(text));
    let (prefix, before) = version(old).ok_or_else(|| none(old))?;
    let (other, after) = version(new).ok_or_else(|| none(new))?;
    let ([major, minor, patch], [new_major, new_minor, new_patch]) = (before, after);
    let is_patch = (major, minor) == (new_major, new_minor) && new_patch > patch;
    let is_minor = major == new_major && major > 0 && new_minor > minor;
    let taken = prefix == other && (is_patch || (step == SemverStep::Minor && is_minor));
    if !taken {
        let step = if step == SemverStep::Minor { "minor" } else { "patch" };
        return Err(format!("`{}` to `{}` is no {step} step upwards", clip(old), clip(new)));
    }
    Ok(if is_patch { "patch" } else { "minor" })
}

fn version(text: &str) -> Option<(&str, [u64; 3])> {
    let body = text.strip_prefix('v').unwrap_or(text);
    let mut numbers = body.split('.').map(|part| {
        let canonical = part == "0" || !part.starts_with('0');
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (canonical && digits).then(|| part.parse::<u64>().ok()).flatten()
    });
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    let prefix = text.get(..text.len() - body.len())?;
    numbers.next().is_none().then_some((prefix, found))
}
