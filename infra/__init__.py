"""What runs and deploys Heliograph: the template, the local stack, the demo, the operator's commands."""
