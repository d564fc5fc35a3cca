//! Unicode properties of characters that the standard library lacks.

use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
    props::{DefaultIgnorableCodePoint, GeneralCategory, JoiningType},
};
use unicode_normalization::char::canonical_combining_class;

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();
const JOINING: CodePointMapDataBorrowed<'static, JoiningType> = CodePointMapData::new();
const INVISIBLE: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();

/// Zero-width non-joiner: keeps two letters apart that would join.
const ZWNJ: char = '\u{200c}';
/// Zero-width joiner: asks for a joined form.
const ZWJ: char = '\u{200d}';
/// Combining class of signs that take a consonant's vowel away: halant, virama, coeng.
const VIRAMA: u8 = 9;

/// True for an invisible character: a zero-width space, a soft hyphen, a direction mark.
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.contains(c)
}

/// True for white space and invisible characters, which are trimmed off typed or pasted text.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// True for a mark, which belongs to the letter before it: a vowel sign, a tone, an accent.
pub fn is_mark(c: char) -> bool {
    matches!(CATEGORY.get(c), GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark)
        && !is_invisible(c)
}

pub fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// Reports whether a script uses this joiner between the text before and after it: after a virama,
/// before one (the reph of Bengali), or between letters that would join, as in Persian. These are
/// the rules of RFC 5892, A.1 and A.2, except that a letter which never joins the next one may come
/// first: people type a joiner there, too.
pub fn is_joiner_in_place(before: &[char], joiner: char, after: &[char]) -> bool {
    let is_virama = |c: Option<&char>| c.is_some_and(|c| canonical_combining_class(*c) == VIRAMA);
    let joining = |c: Option<&char>, types: &[JoiningType]| {
        c.is_some_and(|c| types.contains(&JOINING.get(*c)))
    };
    let is_seen = |c: &&char| JOINING.get(**c) != JoiningType::Transparent;
    let (left, right, dual) =
        (JoiningType::LeftJoining, JoiningType::RightJoining, JoiningType::DualJoining);
    is_virama(before.last())
        || joiner == ZWJ && !before.is_empty() && is_virama(after.first())
        || joiner == ZWNJ
            && joining(before.iter().rev().find(is_seen), &[left, right, dual])
            && joining(after.iter().find(is_seen), &[right, dual])
}

/// Returns the value of a decimal digit of any script. Unicode keeps the ten digits of a script
/// together, zero first. Where such tens adjoin, the first begins with its zero, so the distance
/// from the start of the run, modulo 10, is the value.
pub fn digit(c: char) -> Option<char> {
    let is_digit = |code: u32| CATEGORY.get32(code) == GeneralCategory::DecimalNumber;
    let code = u32::from(c);
    let before = (1..=code).take_while(|n| is_digit(code - n)).count() as u32;
    is_digit(code).then(|| char::from_digit(before % 10, 10)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_values() {
        for text in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "๐๑๒๓๔๕๖๗๘๙",
            "០១២៣៤៥៦៧៨៩",
            "߀߁߂߃߄߅߆߇߈߉",
            "𑛐𑛑𑛒𑛓𑛔𑛕𑛖𑛗𑛘𑛙",
        ] {
            let values: String = text.chars().filter_map(digit).collect();
            assert_eq!(values, "0123456789", "{text}");
        }
        let all: Vec<char> = ('\0'..=char::MAX).filter_map(digit).collect();
        assert!(all.len() > 700);
        assert!(all.chunks(10).all(|ten| ten.iter().copied().eq('0'..='9')), "whole tens");
        assert_eq!(['a', '²', 'Ⅷ', '五', '\u{0}', char::MAX].map(digit), [None; 6]);
    }

    #[test]
    fn a_joiner_is_accepted_only_where_its_script_needs_it() {
        let is_in_place = |text: &str| {
            let all: Vec<char> = text.chars().collect();
            let at = all.iter().position(|c| is_joiner(*c)).unwrap();
            is_joiner_in_place(&all[..at], all[at], &all[at + 1..])
        };
        for fine in [
            "می\u{200c}خواهم",
            "کار\u{200c}خانه",
            "क्\u{200c}ष",
            "ක්\u{200d}ෂ",
            "র\u{200d}্য",
            "ന്\u{200d}",
        ] {
            assert!(is_in_place(fine), "{fine:?}");
        }
        for bad in [
            "a\u{200c}b",
            "ad\u{200d}a",
            "\u{200d}्",
            "می\u{200d}خ",
            "ی\u{200c}",
            "क\u{200c}ष",
            "я\u{200d}я",
        ] {
            assert!(!is_in_place(bad), "{bad:?}");
        }
    }
}
