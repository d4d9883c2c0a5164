// Package repack turns Opus packets of 2.5 to 120 ms into packets of 20 ms, where that is
// possible without encoding anew (RFC 6716 §3.2).
package repack
