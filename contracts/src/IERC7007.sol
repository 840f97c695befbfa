// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ERC-7007: verifiable AI-generated content
interface IERC7007 {
    /// @notice Content was attached to a token.
    event AigcData(uint256 indexed tokenId, bytes prompt, bytes aigcData, bytes proof);

    /// @notice Attaches content to the token of a prompt, if the verifier accepts it.
    function addAigcData(uint256 tokenId, bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) external;

    /// @notice Whether it is settled that this prompt makes this content.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) external view returns (bool success);
}

/// @title ERC-7007's extension for content that may be replaced
interface IERC7007Updatable {
    /// @notice Content was replaced.
    event Update(uint256 indexed tokenId, bytes prompt, bytes aigcData);

    /// @notice Replaces the content of a prompt's token.
    function update(bytes calldata prompt, bytes calldata aigcData) external;
}

/// @title What settles whether a prompt makes some content
interface IVerifier {
    /// @notice True only once it is settled, for good.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) external view returns (bool);
}
