"""The synchronous answer: a sender that waits is told what became of each alert."""
