"""The page: a workspace in the browser on which one person plays every side."""
