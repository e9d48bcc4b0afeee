"""What the original prints, read: its listings and descriptions, without believing them."""
