//! Text inside a page.

use serde::Serialize;

/// JSON that can stand in a script element: `<` is the only character with which HTML could end it or begin a comment, and in JSON
/// it stands in strings alone, where it may be escaped.
#[must_use]
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    if text.contains('<') { text.replace('<', "\\u003c") } else { text }
}

/// Base64 (RFC 4648) of a digest, as a Content-Security-Policy wants it.
#[must_use]
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit > chunk.len() { '=' } else { DIGITS[value as usize].into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_string_can_end_the_script() {
        let evil = "</script><!--<img src=x onerror=alert(1)>";
        let text = json(&evil);
        assert!(!text.contains('<'));
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), evil);
    }

    #[test]
    fn base64_as_the_rfc_has_it() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
