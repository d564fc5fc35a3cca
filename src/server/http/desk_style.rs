//! The stylesheet of the desk, apart from that of the pages that everybody sees.

use std::sync::LazyLock;

use crate::server::config::brand::File;

/// The file, as it is in the program.
pub static STYLESHEET: LazyLock<File> =
    LazyLock::new(|| File::stylesheet(include_str!("../../../style/desk.css").to_owned()));

/// Returns its URL.
pub fn href() -> String {
    STYLESHEET.url("/desk.css")
}
