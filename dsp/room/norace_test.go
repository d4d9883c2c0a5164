//go:build !race

package room_test

const racing = false
