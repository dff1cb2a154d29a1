//! Reads the files that people write.
