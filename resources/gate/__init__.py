"""What a version must prove before it serves users. Pure, except that samples may be read from a file; knows no API."""
