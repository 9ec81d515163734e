"""Readers, a file for each type of file: from a file to the fields of its documents."""
