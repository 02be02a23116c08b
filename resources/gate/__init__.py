"""What a version must prove before it serves users. Knows no API; pure, except that it may read samples from a file."""
