//! Proof that the HTTP/1 stack delivers whole bodies, and that the tests can tell.
