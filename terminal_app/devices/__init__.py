"""What a terminal sees with: frame sources, the decoder cascade, and the scanner which joins them."""
