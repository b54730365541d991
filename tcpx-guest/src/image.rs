//! What the header of a bootable kernel (bzImage) says: Documentation/arch/x86/boot.rst.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context, Result, bail};

/// More than the header and, in all images so far, the text that it points to.
const READ: u64 = 64 << 10;

/// The release of the kernel in an image, as `uname -r` will say it.
pub fn release(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    file.take(READ).read_to_end(&mut bytes).with_context(|| format!("reading {}", path.display()))?;
    match from_header(&bytes) {
        Some(release) => Ok(release),
        None => bail!(
            "{} is no kernel that boots on x86 (a bzImage, such as /boot/vmlinuz-…); vmlinux, the ELF file, is not either",
            path.display()
        ),
    }
}

/// `HdrS` at 0x202; at 0x20e the place of a text, less 0x200, that begins with the release.
fn from_header(bytes: &[u8]) -> Option<String> {
    if bytes.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let place = u16::from_le_bytes(bytes.get(0x20e..0x210)?.try_into().ok()?);
    let text = bytes.get(usize::from(place) + 0x200..)?;
    let end = text.iter().position(|byte| matches!(byte, b' ' | 0))?;
    String::from_utf8(text[..end].to_vec()).ok().filter(|release| !release.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_stands_where_the_header_says() {
        let mut image = vec![0; 0x400];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20e] = 0x40;
        image[0x240..0x240 + 24].copy_from_slice(b"6.1.0-56-amd64 (a@b) #1 ");
        assert_eq!(from_header(&image).as_deref(), Some("6.1.0-56-amd64"));
        image[0x202] = b'h';
        assert_eq!(from_header(&image), None);
        assert_eq!(from_header(b"\x7fELF"), None);
    }
}
