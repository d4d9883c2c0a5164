//go:build race

package studio_test

const raceEnabled = true
