// Command busker is a music bot for Discord: `busker run` plays in real voice
// channels, `busker demo` in an imaginary server on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/config"
	"busker/internal/fault"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

// cli is the whole command line.
type cli struct {
	Run     runCommand     `cmd:"" help:"Play in real Discord voice channels."`
	Demo    demoCommand    `cmd:"" help:"Try it all in an imaginary Discord on this machine: no token, no account, no internet."`
	Encode  encodeCommand  `cmd:"" help:"Turn a sound file into a DCA file, which plays without any work."`
	Bench   benchCommand   `cmd:"" help:"Measure how many streams this machine carries."`
	Store   storeCommand   `cmd:"" help:"Back up, restore or move what the bot remembers."`
	Cluster clusterCommand `cmd:"" help:"See to a bot that runs in many processes."`
	Config  configCommand  `cmd:"" help:"Show the configuration."`
	Doctor  doctorCommand  `cmd:"" help:"Say what is wrong with token, Discord, Redis, store and machine, and what to do."`
	Health  healthCommand  `cmd:"" help:"Ask a running Busker whether it is well."`
	Version versionCommand `cmd:"" help:"Show the version and what this build can do."`
}

const description = `A music bot for Discord.

"busker demo" opens a page where you can try it. "busker run" needs a bot's token in DISCORD_TOKEN.`

// Exit codes: what a script may rely on.
const (
	exitOK     = 0
	exitFailed = 1 // it ran and did not succeed
	exitUsage  = 2 // the command line or the configuration is wrong
)

func main() {
	spareProcessor()
	os.Exit(execute(os.Args[1:]))
}

// spareProcessor lets more threads run Go code than there are cores: those that send, as
// many as cores and at most four, and one. Encoders stay in C for a tenth of a
// millisecond at a time; with none to spare a sender, when its moment has come, waits
// for one of them. GOMAXPROCS overrides it.
func spareProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		cores := runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(cores + min(cores, 4) + 1)
	}
}

// execute runs one command line and returns its exit code. The first SIGINT or
// SIGTERM asks the command to stop; a second one ends the process on the spot.
func execute(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	code := -1
	parser, err := kong.New(&cli{},
		kong.Name("busker"),
		kong.Description(description),
		kong.DefaultEnvars(config.EnvPrefix),
		kong.ExplicitGroups(config.Groups()),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ValueFormatter(formatHelp),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Exit(func(c int) { code = c }),
	)
	if err != nil {
		return complain(exitFailed, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	switch {
	case code >= 0: // help was asked for and shown
		return code
	case err != nil:
		return complain(exitUsage, err)
	}
	return complain(exitFailed, command.Run())
}

// formatHelp ends a flag's help with its default and its environment names.
func formatHelp(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if v.Default == "" || v.Default == "0" {
		return help
	}
	return strings.TrimSuffix(help, ".") + "; default " + v.Default + "."
}

// usageError is a command's complaint about its flags or configuration.
type usageError struct{ error }

func complain(code int, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.As(err, new(usageError)) {
		code = exitUsage
	}
	if message, ok := fault.Message(err); ok {
		fmt.Fprintln(os.Stderr, "busker:", message)
		if cause := err.Error(); cause != message {
			fmt.Fprintf(os.Stderr, "(%s)\n", cause)
		}
	} else {
		fmt.Fprintln(os.Stderr, "busker:", err)
	}
	if code == exitUsage && errors.As(err, new(*kong.ParseError)) {
		fmt.Fprintln(os.Stderr, "Try: busker --help")
	}
	return code
}
