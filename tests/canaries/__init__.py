"""Plants secrets in every place a secret can stand, and looks for them in all that leaves the processes."""
