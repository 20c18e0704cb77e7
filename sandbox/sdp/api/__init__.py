"""The v3 API over HTTP: one module a topic, each a table of operations; `dispatch` is what they have in common."""
