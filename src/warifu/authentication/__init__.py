"""The two authentications: who is asking (利用者認証), and what they approved (取引認証)."""
