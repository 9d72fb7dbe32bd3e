//! The ledger as this process has seen it committed. Under a running service a database may be put back to an older copy,
//! or fail over to a server that lacks the last commits; what was acknowledged is then gone, and whatever is written next
//! would hide it. So each batch looks first whether the tree still begins with the one that was committed last.

use crate::app::AppError;
use crate::app::ledger::frontier_at;
use crate::ledger::tree::Frontier;
use crate::store::Tx;

/// The tree as it was after the last commit of this process; nothing before the first.
#[derive(Debug, Default)]
pub(super) struct Seen(Option<Frontier>);

impl Seen {
    /// Refuses a tree that is not the one of the last commit, nor grown from it by another process. Where nobody else
    /// wrote this costs a comparison; otherwise a few rows are read.
    pub(super) async fn check(&self, tx: &mut Tx, now: &Frontier) -> Result<(), AppError> {
        let Some(seen) = self.0.as_ref().filter(|seen| *seen != now) else { return Ok(()) };
        if now.size() < seen.size() {
            return Err(went_back(&format!("has {} entries", now.size()), seen.size()));
        }
        if frontier_at(tx, seen.size()).await?.root() == seen.root() {
            return Ok(());
        }
        Err(went_back("has others in their place", seen.size()))
    }

    /// A batch was committed that left this tree.
    pub(super) fn committed(&mut self, now: Frontier) {
        self.0 = Some(now);
    }
}

fn went_back(what: &str, committed: u64) -> AppError {
    AppError::ReadOnly(format!(
        "the database's ledger {what}, but {committed} were committed while this service ran: an older copy was put in \
         its place, or another server took over that had not received the last of them. Nothing is written or signed \
         any more. Stop the service, bring the newer database back, and start it again"
    ))
}
