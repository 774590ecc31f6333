//! Nothing: the tests scan another process, `subject`, which is built as users build it.
