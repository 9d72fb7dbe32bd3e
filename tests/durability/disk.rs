//! A disk of the test's own: an ext4 file system in an image, mounted through a loop device. Its power can be cut, so
//! that nothing of what was not flushed is there afterwards; and it can turn read-only under whoever writes to it.
//!
//! This needs root and a loop device. Where a machine gives neither, these tests fail and say so; whoever knows that sets
//! `COUNTERSIGN_NO_POWER_CUTS=1`, and each of them then prints that it showed nothing. `tests/run` does that, aloud.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// The variable that says that this machine cannot.
const CANNOT: &str = "COUNTERSIGN_NO_POWER_CUTS";
/// What to do where it cannot be done.
const NEEDS: &str = "this needs root, a loop device, mkfs.ext4 (e2fsprogs) and python3. Set COUNTERSIGN_NO_POWER_CUTS=1 to \
                     say that this machine cannot; then nothing is shown about power cuts";
/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`: from now on nothing reaches the device, not even the journal.
const SHUTDOWN: &str = "import fcntl, os, struct, sys\n\
                        fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

/// A mounted disk; gone with the value, however the test ends.
pub(crate) struct Disk {
    home: TempDir,
    mounted: bool,
}

impl Disk {
    /// A new, empty disk; `None`: it was declared that there can be none, and that is said aloud.
    pub(crate) fn new(shows: &str) -> Option<Self> {
        Self::of(shows, 64)
    }

    /// The same with room for so many megabytes.
    pub(crate) fn of(shows: &str, megabytes: u64) -> Option<Self> {
        if std::env::var_os(CANNOT).is_some() {
            eprintln!("NOT SHOWN: {shows}: {CANNOT} says that this machine has no disk for it");
            return None;
        }
        let home = TempDir::new().expect("a folder");
        // A database server is another user, who has to get through here.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(home.path(), everybody).expect("permissions");
        let mut disk = Self { home, mounted: false };
        let image = std::fs::File::create(disk.image()).expect("an image");
        image.set_len(megabytes << 20).expect("its size");
        run("mkfs.ext4", &["-q", "-F", &disk.image().display().to_string()]);
        std::fs::create_dir(disk.path()).expect("a place to mount it");
        disk.mount();
        Some(disk)
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.path().join("disk")
    }

    fn mount(&mut self) {
        let (image, path) = (self.image().display().to_string(), self.path().display().to_string());
        run("mount", &["-o", "loop,errors=remount-ro", &image, &path]);
        self.mounted = true;
    }

    /// Cuts the power: whatever was not flushed is lost, and every call from now on fails.
    pub(crate) fn cut(&self) {
        run("python3", &["-c", SHUTDOWN, &self.path().display().to_string()]);
    }

    /// After a cut, or when it turned read-only: unmounts it and mounts it again, which replays its journal. Nobody may
    /// have a file open there.
    pub(crate) fn switch_on(&mut self) {
        assert!(self.unmount(), "somebody still has files open on {}", self.path().display());
        self.mount();
    }

    /// What the kernel does when the file system meets an error: it turns read-only under everybody, at once, until it is
    /// mounted anew.
    pub(crate) fn turn_read_only(&self) {
        let found = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.path()).output();
        let device = String::from_utf8(found.expect("findmnt runs").stdout).expect("a name");
        let name = Path::new(device.trim()).file_name().expect("a device");
        let switch = Path::new("/sys/fs/ext4").join(name).join("trigger_fs_error");
        std::fs::write(switch, "test").expect("an error of the file system");
    }

    fn unmount(&mut self) -> bool {
        for _ in 0..100 {
            let done = Command::new("umount").arg(self.path()).output();
            if done.is_ok_and(|done| done.status.success()) {
                self.mounted = false;
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted && !self.unmount() {
            let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
        }
    }
}

/// Lets files be written, or not, whoever has them open: the same as a disk that turns read-only, and back.
pub(crate) fn immutable(files: &[PathBuf], yes: bool) {
    let flag = if yes { "+i" } else { "-i" };
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut words = vec![flag];
    words.extend(files.iter().map(String::as_str));
    run("chattr", &words);
}

fn run(program: &str, words: &[&str]) {
    let done = Command::new(program).args(words).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}; {NEEDS}"));
    let says = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{program}: {says}\n{NEEDS}");
}
