"""What a fit gives: results in numbers, netCDF, figures, the callback document."""
