"""People from frame to frame: who is who, steadier keypoints, boxes that somebody else found."""
