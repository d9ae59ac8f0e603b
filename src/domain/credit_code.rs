//! The unified social credit code (统一社会信用代码) of a legal entity and its check character.
//!
//! # Reference
//! GB 32100-2015, 法人和其他组织统一社会信用代码编码规则: 18 characters of 31 (digits and capitals without I, O, S, V, Z); the last is
//! `31 - sum(character i x 3^(i-1)) mod 31`.

/// The 31 characters, each at its value.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// What is wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFault {
    /// Not 18 characters: how many.
    Length(usize),
    /// A character that no code holds.
    Character(char),
    /// The last character is not the one that the others give.
    Check { found: char, expected: char },
}

/// Checks a code in capitals, without blanks.
///
/// # Errors
/// What is wrong with it.
pub fn check(code: &str) -> Result<(), CodeFault> {
    let length = code.chars().count();
    if length != 18 {
        return Err(CodeFault::Length(length));
    }
    let mut values = [0; 18];
    for (value, c) in values.iter_mut().zip(code.chars()) {
        *value = ALPHABET.iter().position(|a| char::from(*a) == c).ok_or(CodeFault::Character(c))?;
    }
    let mut weight = 1;
    let mut sum = 0;
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let expected = (31 - sum % 31) % 31;
    if values[17] == expected {
        return Ok(());
    }
    Err(CodeFault::Check { found: char::from(ALPHABET[values[17]]), expected: char::from(ALPHABET[expected]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example code of another implementation: `stdnum.cn.uscc` of python-stdnum.
    const SOUND: &str = "91110000600037341L";

    #[test]
    fn the_check_character_is_that_of_another_implementation() {
        assert_eq!(check(SOUND), Ok(()));
        assert_eq!(check("91110000600037342L"), Err(CodeFault::Check { found: 'L', expected: 'P' }));
        assert_eq!(check("91110000600037341"), Err(CodeFault::Length(17)));
        assert_eq!(check("9111000060003734IL"), Err(CodeFault::Character('I')));
        assert_eq!(check("9111000060003734１L"), Err(CodeFault::Character('１')));
    }

    /// What the check character is for: every wrong character and every swap of two unlike neighbours is found.
    #[test]
    fn one_wrong_character_or_one_swap_is_found() {
        for at in 0..18 {
            for other in ALPHABET.iter().filter(|a| **a != SOUND.as_bytes()[at]) {
                let mut code = SOUND.as_bytes().to_vec();
                code[at] = *other;
                assert!(check(std::str::from_utf8(&code).unwrap()).is_err(), "character {at}");
            }
        }
        for at in 0..17 {
            let mut code = SOUND.as_bytes().to_vec();
            code.swap(at, at + 1);
            assert_eq!(check(std::str::from_utf8(&code).unwrap()).is_ok(), code == SOUND.as_bytes(), "swap at {at}");
        }
    }
}
