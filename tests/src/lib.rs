//! skep from end to end.
