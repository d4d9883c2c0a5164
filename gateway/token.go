package gateway

import "busker/gateway/conn"

// Token is a bot token. It prints as "(secret)" wherever it turns up.
type Token = conn.Token
