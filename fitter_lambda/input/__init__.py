"""What a fit starts from: the payload, its light curve, the parameters, templates, the dust map."""
