"""Cards, modals and messages: our types in, Block Kit out, no I/O."""
