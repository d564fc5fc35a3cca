//! Every code found in pasted text is six digits.
#![no_main]

use latchkey::server::auth::code::Code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(code) = Code::parse(text) else { return };
    assert!(code.as_str().len() == 6 && code.as_str().bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(Code::parse(code.as_str()), Ok(code));
});
