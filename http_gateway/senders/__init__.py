"""Who may send: what a request shows of its sender, held against gateway.sources."""
