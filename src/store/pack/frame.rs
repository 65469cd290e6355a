//! A gzip frame around bytes that are stored as they are (RFC 1952, and blocks of type 0 of RFC 1951).
//!
//! No compressor is asked, so the bytes are the same whichever version of one is built in, and it costs a checksum.

use std::io::{self, Write};

/// Magic, deflate, no flags, no time, no hints, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The most that a block can hold.
const BLOCK: usize = 0xffff;

/// What is written into it goes on in blocks; the end is written by [`Frame::finish`].
pub(super) struct Frame<W> {
    output: W,
    block: Vec<u8>,
    checksum: crc32fast::Hasher,
    /// Modulo 2^32, as the format has it.
    length: u32,
}

impl<W: Write> Frame<W> {
    pub(super) fn new(mut output: W) -> io::Result<Self> {
        output.write_all(&HEADER)?;
        Ok(Frame { output, block: Vec::with_capacity(BLOCK), checksum: crc32fast::Hasher::new(), length: 0 })
    }

    /// Ends the frame, and gives the output back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.end_block(true)?;
        self.output.write_all(&self.checksum.finalize().to_le_bytes())?;
        self.output.write_all(&self.length.to_le_bytes())?;
        Ok(self.output)
    }

    fn end_block(&mut self, last: bool) -> io::Result<()> {
        let length = self.block.len() as u16;
        self.output.write_all(&[u8::from(last)])?;
        self.output.write_all(&length.to_le_bytes())?;
        self.output.write_all(&(!length).to_le_bytes())?;
        self.output.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for Frame<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.end_block(false)?;
        }
        let taken = &bytes[..bytes.len().min(BLOCK - self.block.len())];
        self.block.extend_from_slice(taken);
        self.checksum.update(taken);
        self.length = self.length.wrapping_add(taken.len() as u32);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::{BLOCK, Frame};

    #[test]
    fn any_gunzip_reads_it() {
        for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 253) as u8).collect();
            let mut frame = Frame::new(Vec::new()).unwrap();
            bytes.chunks(1000).for_each(|piece| frame.write_all(piece).unwrap());
            let framed = frame.finish().unwrap();
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&framed[..]).read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{size} bytes");
            assert!(framed.len() <= size + 23 + 5 * (size / BLOCK));
        }
    }
}
