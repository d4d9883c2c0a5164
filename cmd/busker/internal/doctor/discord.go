package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"busker/cmd/busker/internal/config"
)

// discord asks Discord's REST API, each question once.
type discord struct {
	base, token string
	client      *http.Client

	me          func() (user, error)
	application func() (application, error)
	gateway     func() (gatewayBot, error)
	guilds      func() ([]guild, error)
}

type user struct {
	ID, Username string
}

// application is what of one matters here (docs.discord.com: Application Object).
type application struct {
	Flags                   int64   `json:"flags"`
	RequireCodeGrant        bool    `json:"bot_require_code_grant"`
	InteractionsEndpointURL *string `json:"interactions_endpoint_url"`
	Guilds                  int     `json:"approximate_guild_count"`
}

// gatewayBot answers GET /gateway/bot.
type gatewayBot struct {
	Shards int `json:"shards"`
	Starts struct {
		Total          int   `json:"total"`
		Remaining      int   `json:"remaining"`
		ResetAfter     int64 `json:"reset_after"` // milliseconds
		MaxConcurrency int   `json:"max_concurrency"`
	} `json:"session_start_limit"`
}

// guild is an entry of GET /users/@me/guilds.
type guild struct {
	Name        string `json:"name"`
	Permissions int64  `json:"permissions,string"` // the bot's, without those of channels
}

// guildPage is how many guilds one answer holds at most.
const guildPage = 200

// newDiscord asks nothing yet; its questions end with ctx.
func newDiscord(ctx context.Context, c config.Discord) *discord {
	base := strings.TrimSuffix(c.API, "/")
	if base == "" {
		base = "https://discord.com"
	}
	d := &discord{base: base + "/api/v10", token: c.Token.Reveal(), client: &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}}
	d.me = once[user](ctx, d, "/users/@me")
	d.application = once[application](ctx, d, "/applications/@me")
	d.gateway = once[gatewayBot](ctx, d, "/gateway/bot")
	d.guilds = once[[]guild](ctx, d, fmt.Sprintf("/users/@me/guilds?limit=%d", guildPage))
	return d
}

func (d *discord) close() { d.client.CloseIdleConnections() }

// once asks when it is called for the first time, whoever else calls it.
func once[T any](ctx context.Context, d *discord, path string) func() (T, error) {
	return sync.OnceValues(func() (answer T, err error) {
		for {
			_, err = d.get(ctx, path, &answer)
			var refused refusal
			if !errors.As(err, &refused) || refused.again <= 0 || refused.again > maxWait {
				return answer, err
			}
			select {
			case <-time.After(refused.again):
			case <-ctx.Done():
				return answer, err
			}
		}
	})
}

// maxWait is how long Discord may want us to wait before we ask again.
const maxWait = 6 * time.Second

// refusal is an answer that is none.
type refusal struct {
	status int
	text   string
	again  time.Duration // when it may be asked again, 0 = never
}

func (r refusal) Error() string { return fmt.Sprintf("Discord answered %d (%s)", r.status, r.text) }

// errUnknownToken is a refusal for the token's sake.
var errUnknownToken = errors.New("the token is not known")

// get asks for a path and returns the Date of the answer, zero if there is none.
func (d *discord) get(ctx context.Context, path string, into any) (date time.Time, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path, nil)
	if err != nil {
		return date, err
	}
	request.Header.Set("User-Agent", "DiscordBot (busker doctor, 1)") // their API reference wants this form
	if d.token != "" {
		request.Header.Set("Authorization", "Bot "+d.token)
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return date, err
	}
	defer answer.Body.Close()
	date, _ = http.ParseTime(answer.Header.Get("Date"))
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return date, err
	case answer.StatusCode == http.StatusUnauthorized:
		return date, errUnknownToken
	case answer.StatusCode != http.StatusOK:
		seconds, _ := strconv.ParseFloat(answer.Header.Get("Retry-After"), 64)
		return date, refusal{answer.StatusCode, http.StatusText(answer.StatusCode), time.Duration(seconds * float64(time.Second))}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return date, fmt.Errorf("understand the answer: %w", err)
	}
	return date, nil
}

// maxAnswer bounds an answer, in bytes: 200 guilds are some 60 KB.
const maxAnswer = 1 << 20
