//! The program's own keys.

use mainstay_embedded::LocalKeyring;
use mainstay_ports::Keyring;
use std::fs;
use std::io::ErrorKind;

#[test]
fn a_key_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("data/keys");
    let first = LocalKeyring::open(&keys).unwrap();
    let secret = first.secret("signing", 32).unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(first.secret("signing", 32).unwrap(), secret);
    assert_eq!(LocalKeyring::open(&keys).unwrap().secret("signing", 32).unwrap(), secret);
    assert_ne!(first.secret("sealing", 32).unwrap(), secret);
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 2, "nothing unfinished is left");
}

#[test]
fn a_key_of_another_size_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = LocalKeyring::open(folder.path()).unwrap();
    fs::write(folder.path().join("signing"), "half").unwrap();
    let error = keyring.secret("signing", 32).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("4 bytes instead of 32"), "{error}");
    assert_eq!(fs::read(folder.path().join("signing")).unwrap(), b"half");
}

#[test]
fn a_name_is_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = LocalKeyring::open(folder.path()).unwrap();
    for name in ["", "../key", "a/b", "a.new", "ключ"] {
        assert_eq!(keyring.secret(name, 32).unwrap_err().kind(), ErrorKind::InvalidInput, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    LocalKeyring::open(&keys).unwrap().secret("signing", 32).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(keys.clone()), mode(keys.join("signing"))), (0o700, 0o600));
}
