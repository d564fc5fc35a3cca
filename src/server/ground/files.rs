//! Files that an operator names.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Most bytes that are read of a file.
const MOST: u64 = 1024 * 1024;

/// Reads a file of ordinary size. Anything else, such as a pipe, might never end.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
