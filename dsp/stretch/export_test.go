package stretch

// The inner products as this build has them, and in plain Go.
var (
	Dot, PlainDot       = dot, plainDot
	Dot2, PlainDot2     = dot2, plainDot2
	Blend2, PlainBlend2 = blend2, plainBlend2
)
