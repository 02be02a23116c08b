"""What a version must prove before it serves users. Pure, but for the reading of a file of samples; knows no API."""
