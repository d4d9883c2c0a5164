// Package remote reaches players that live in other processes: it writes commands,
// events and statuses for the way there, and reads them.
package remote
