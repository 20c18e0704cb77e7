"""Pages for people: what SDP's own pages would show, and the accounts server's consent."""
