"""Fields, their types, and what a change of each does. Pure: knows neither Pulumi nor HTTP."""
