"""Entry points' work: messages of the fit queue, the fit as a function, what the image holds."""
