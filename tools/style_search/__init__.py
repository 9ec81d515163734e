"""FedStyle, reconstructed: pictures found by style, and one style space learned without any picture being shared."""
