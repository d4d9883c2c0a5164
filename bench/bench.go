// Package bench measures what streams cost on this machine, stage by stage and as a
// whole, and how many it carries.
//
// `go test -bench=. ./bench/...` is for operators who compare encoders, filters and
// machines: every result carries processor time beside wall time, because on a shared
// machine only the former means anything. The same measurements, shortened, are what
// `busker bench` shows. One operation is always one frame: 20 ms of stereo.
package bench
