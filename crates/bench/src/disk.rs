//! Whether a folder is on a disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Says so when writes to the folder are not durable at all, and the figures of writes therefore too good.
pub(crate) fn check(folder: &Path) {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    if matches!(kind(&mounts, &folder), Some("tmpfs" | "ramfs")) {
        eprintln!(
            "{} is in memory, where an fsync costs nothing: choose a disk with `--folder`",
            folder.display()
        );
    }
}

/// The kind of file system that a folder is on: that of the longest mount point above it.
fn kind<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((PathBuf::from(words.next()?), words.next()?))
    });
    // Of two mounts on one point, the later one hides the other; `max_by_key` answers the last of equals.
    let above = mounts.filter(|(point, _)| folder.starts_with(point));
    above.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_decides() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n\
                      x /over ext4 rw 0 0\ny /over tmpfs rw 0 0\n";
        for (folder, expected) in [
            ("/srv", "ext4"),
            ("/tmp", "tmpfs"),
            ("/tmp/x/y", "tmpfs"),
            ("/tmpx", "ext4"),
            ("/tmp/disk/x", "xfs"),
            ("/over", "tmpfs"),
        ] {
            assert_eq!(kind(mounts, Path::new(folder)), Some(expected), "{folder}");
        }
        assert_eq!(kind("", Path::new("/")), None);
    }
}
