//! Compile-time checks that a record has no hidden padding and the size that a recording promises.

/// Asserts a record's size and that it may be copied as bytes in units of eight.
#[macro_export]
macro_rules! assert_layout {
    ($($record:ty = $size:literal),+ $(,)?) => {
        $(const _: () = {
            assert!(core::mem::size_of::<$record>() == $size);
            assert!($size % 8 == 0);
            assert!(core::mem::align_of::<$record>() == 8);
        };)+
    };
}
