"""What several kinds of figures are built of: a layout of panels, points with bands and limits, marks, charge axes."""
