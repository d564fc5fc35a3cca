//! Every text that parses as an address is one mailbox, in one spelling, that can be sent a mail.
#![no_main]

use latchkey::server::{mail::compose::recipient, values::address::Address};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(address) = Address::parse(text) else { return };
    let text = address.as_str();
    assert_eq!(Address::parse(text).as_ref(), Ok(&address), "one spelling");
    assert_eq!(text.matches('@').count(), 1);
    assert!(
        text.len() <= 254
            && !text
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || "<>\",;:()[]\\".contains(c))
    );
    assert_eq!(recipient(&address).to_string(), text);
});
