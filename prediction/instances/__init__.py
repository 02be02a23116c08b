"""Rows of files of this machine: what they are, how they are sent, and which prediction belongs to which of them."""
