package emulator_test

import (
	"context"
	"fmt"
	"sync"

	"busker/emulator"
	"busker/emulator/world"
)

// A local Discord outside of tests, as the demo runs it. Inside a test
// emulator.Start(t) does the first half.
func Example() {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			fmt.Println(err)
		}
	})

	bot := e.AddBot("busker") // bot.Token at e.URL() is all a client needs
	square := e.AddGuild("Square", bot)
	songs := square.AddTextChannel("songs")
	ann := square.AddUser("ann")

	watch := e.Watch()
	if _, err := ann.Say(songs, "play something"); err != nil {
		fmt.Println(err)
	}
	if change, err := watch.Next(ctx); err == nil {
		said := change.(world.MessageCreated).Message
		fmt.Println(said.Author.Username, "said", said.Content)
	}
	watch.Close()
	cancel()
	running.Wait()
	// Output: ann said play something
}
