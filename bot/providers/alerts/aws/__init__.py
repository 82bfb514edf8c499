"""Amazon's alerts: CloudWatch alarms and EventBridge events, through SNS or an API destination."""
