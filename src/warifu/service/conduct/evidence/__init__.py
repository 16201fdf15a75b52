"""Evidence and appraisals: submitted, judged, kept, shown, judged again."""
