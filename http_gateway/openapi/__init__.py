"""What the gateway takes and answers, for machines and for people."""
