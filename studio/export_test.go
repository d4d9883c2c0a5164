package studio

// InTime is inTime.
var InTime = inTime
