"""What a sentence does, what a question wants, and whether a corpus is about it: learned heads and rules."""
